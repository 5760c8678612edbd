"""The members of the ensemble: one statistical model per module.

A member is fitted on a panel that holds nothing later than the origin and then simulates any of
its series. Everything works on natural logarithms; paths of levels are made from them later.
"""
