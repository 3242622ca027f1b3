"""The wizard that brings a list in: upload, columns, plan, progress, result, undo."""
