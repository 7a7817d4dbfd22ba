"""The one condition language: of lists, views, search and counts, and of rules and policies.

`text_form` and `json_form` read and write it, `fields` says what may be tested, `names` puts ids for names, `evaluate`
asks it of one ticket and `plain_words` reads it back; the store compiles it to SQL. It knows no SQL and asks nobody.
"""
