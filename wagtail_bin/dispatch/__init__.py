"""A message reaches people.

approve: an editor confirms; the ledger is filled. tasks: the queue's way in.
deliver: the ledger is worked off. compose and audience: what and to whom.
"""
