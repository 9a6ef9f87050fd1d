"""The catalog room: organizations, sandboxes, people, credentials, channel configurations, campaigns, webhooks.

One file per noun: create, change, list. What a caller may do is asked by the faces (auth); what a value must be is
asked here, so that the API, the pages and the command line give the same answers.
"""
