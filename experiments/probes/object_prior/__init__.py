"""Object priors: does knowing what to look for help to find it?"""
