"""The flash-lag effect (Nijhawan 1994): a flash beside a moving object is seen to lag behind it."""
