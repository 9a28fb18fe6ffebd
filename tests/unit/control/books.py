"""What a test must know of one group, kept apart from the core."""


class Books:
    def __init__(self):
        self.warned = 0  # rounds the loop has warned and not yet tripped or dropped
        self.due = []  # rounds tripped by the loop whose record is still to come
        self.orders = {}  # number -> what remained after it
        self.fee = 0
        self.left = None  # 10^-7 yuan of money, Wh of energy
        self.base_wh = None
        self.month = None
        self.month_wh = 0

    def remaining(self):
        if self.left is None or not self.fee:
            return self.left
        return -(-self.left // 1000)  # what is owed beyond is less than 10^-4 yuan

    def use(self, energy_wh, price_e4, month):
        used_wh = 0
        if energy_wh is not None:
            used_wh = 0 if self.base_wh is None else energy_wh - self.base_wh
            self.base_wh = energy_wh
        if self.left is not None:
            self.left -= used_wh * price_e4 if self.fee else used_wh
        self.month_wh += used_wh
        if month is not None and month != self.month:
            self.month, self.month_wh = month, 0
