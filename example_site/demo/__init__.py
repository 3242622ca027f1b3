"""The demo: three fictional municipalities, their BINs, members and tips.

``places`` and ``people`` say who is who, ``tips`` what is said, ``content``
puts it on the website, ``lists`` makes member lists as municipalities have
them, ``processes`` starts what runs beside the site, ``main_job`` does and
checks the main job. ``manage.py demo`` ties them together.
"""
