"""A group for each office, which may enter the Wagtail admin and no more."""

from django.apps import apps as installed
from django.db import migrations

from wagtail_bin.conf import conf

# They give every group of their day something to choose from: ours come later.
BEFORE = {
    "wagtail.documents": ("wagtaildocs", "0011_add_choose_permissions"),
    "wagtail.images": ("wagtailimages", "0023_add_choose_permissions"),
}


def create_groups(apps, schema_editor):
    """Make the groups; one of the same name that is there already joins in."""
    using = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    # Django makes permissions after all migrations; Wagtail's own makes this one.
    content_type, _ = content_types.get_or_create(
        app_label="wagtailadmin", model="admin"
    )
    permission, _ = permissions.get_or_create(
        content_type=content_type,
        codename="access_admin",
        defaults={"name": "Can access Wagtail admin"},
    )
    for name in sorted(set(conf.OFFICE_GROUPS.values())):
        group, _ = groups.get_or_create(name=name)
        group.permissions.add(permission)


def remove_groups(apps, schema_editor):
    """Remove the groups that nobody is in; from the others nobody is locked out."""
    groups = apps.get_model("auth", "Group").objects.using(
        schema_editor.connection.alias
    )
    groups.filter(name__in=set(conf.OFFICE_GROUPS.values()), user=None).delete()


class Migration(migrations.Migration):
    """Safe on a new database and on one in use."""

    dependencies = [
        ("wagtail_bin", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailadmin", "0001_create_admin_access_permissions"),
        *(before for app, before in BEFORE.items() if installed.is_installed(app)),
    ]

    operations = [migrations.RunPython(create_groups, remove_groups)]
