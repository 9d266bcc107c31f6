"""Several load processes for one phase, on Locust's own master and workers. Runs inside the load child.

master gathers them, hands out shares of the orders and tells the parent their sum, roster is who they are and summing
adds up; worker is a worker's end of that, clocks how far it is ahead; calls are the messages between them; fetching
brings the rows of other machines, feed_words how far their feeds got; curve keeps others out, refusals counts them and
says why a worker does not fit.
"""
