"""Work at the customer's and in the area: orders, who has them, what must be right before one is finished.

`machine` says how an order moves and who may move it, `checklist` judges what the station knows of the
device; both are pure. `facts` reads what they ask for, `life` moves the order.
"""
