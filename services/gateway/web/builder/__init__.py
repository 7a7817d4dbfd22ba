"""The builder: form parts by which conditions and actions are put together without code, on any page that needs them.

A part is a draft (rows and groups as they were typed), which is read from a form, changed by its buttons, and made the
condition or the actions that it says. Everything works as a plain form; scripts only spare the reloading.
"""
