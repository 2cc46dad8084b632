package dev.handover.examples.demo;

import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Appends one token after the other, each as soon as the one before is acknowledged or given up as unknown. */
final class Writer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);
    private static final int REFUSALS_BEFORE_MOVING_ON = 20;

    private final String name;
    private final Ledger ledger;
    private final FailoverClient client;
    private final Acknowledgements acknowledgements;
    private final Duration patience;
    private volatile boolean stopping;

    /**
     * A writer that waits to be run.
     *
     * @param patience how long one write may take, fail-over included, before the writer throws
     */
    Writer(String name, Ledger ledger, FailoverClient client, Acknowledgements acknowledgements, Duration patience) {
        this.name = name;
        this.ledger = ledger;
        this.client = client;
        this.acknowledgements = acknowledgements;
        this.patience = patience;
    }

    Ledger ledger() {
        return ledger;
    }

    /** Ends {@link #run()} after the write that is under way. */
    void stop() {
        stopping = true;
    }

    /**
     * Writes until it is told to stop.
     *
     * @throws IllegalStateException if a write got no answer in time, or one that makes no sense
     */
    @Override
    public void run() {
        try {
            while (!stopping) {
                write(ledger.take());
            }
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "a write was not done after " + patience.toSeconds() + " s: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(int token) throws TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        for (int refusals = 1; ; refusals++) {
            FailoverClient.Result result = client.once(deadline, "APPEND", ledger.key(token), Ledger.text(token));
            if (result instanceof FailoverClient.Result.Broken) {
                acknowledgements.broken();
                resolve(token, deadline);
                return;
            }
            Reply reply = ((FailoverClient.Result.Answered) result).reply();
            if (reply instanceof Reply.Number) {
                acknowledged(token);
                return;
            }
            if (!(reply instanceof Reply.Failure failure)) {
                throw new IllegalStateException("APPEND was answered by " + reply);
            }
            if (failure.uncertain()) {
                acknowledgements.broken();
                resolve(token, deadline);
                return;
            }
            if (!failure.notExecuted()) {
                throw new IllegalStateException("APPEND was answered by -" + failure.text());
            }
            if (failure.elsewhere()) {
                acknowledgements.redirected();
                client.moveOn();
                continue;
            }
            acknowledgements.refused();
            FailoverClient.pause(deadline, failure.text());
            if (refusals % REFUSALS_BEFORE_MOVING_ON == 0) {
                client.moveOn();
            }
        }
    }

    /**
     * Nobody knows whether the token was written, so it is read back. If it is not there it is never sent again, because the first
     * copy may still be on its way: the ledger remembers that it may turn up, once.
     */
    private void resolve(int token, long deadline) throws TimeoutException, InterruptedException {
        Reply reply = client.repeat(deadline, "GET", ledger.key(token));
        if (!(reply instanceof Reply.Bulk bulk)) {
            throw new IllegalStateException("GET was answered by " + reply);
        }
        String text = Ledger.text(token);
        String value = bulk.text();
        if (value.startsWith(text) || value.contains("," + text)) {
            acknowledged(token);
        } else {
            ledger.unknown(token);
        }
        LOG.debug("{}: read back, {}", name, ledger.isAcknowledged(token) ? "it was written" : "it is not there");
    }

    private void acknowledged(int token) {
        ledger.acknowledged(token);
        acknowledgements.acknowledged(System.nanoTime());
    }
}
