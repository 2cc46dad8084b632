package dev.handover.netty;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks now and then whether the files of certificates have changed, and how long its own is valid. One daemon thread, {@code <owner>-tls}. */
final class TlsWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);
    private static final Duration WARN_BEFORE_EXPIRY = Duration.ofDays(7);
    private static final long WARN_AGAIN_NANOS = TimeUnit.HOURS.toNanos(12);

    private static final long CLOSE_SECONDS = 2;

    private final String owner;
    private final Renewable tls;
    private final ScheduledExecutorService thread;
    private final LogGate gate = new LogGate(WARN_AGAIN_NANOS);
    private @Nullable String lastFailure;

    TlsWatch(String owner, Renewable tls, Duration interval) {
        this.owner = owner;
        this.tls = tls;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread created = new Thread(task, owner + "-tls");
            created.setDaemon(true);
            return created;
        });
        thread.scheduleWithFixedDelay(this::look, 0, interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void look() {
        try {
            TlsOptions renewed = tls.options().ifChanged();
            if (renewed != null) {
                tls.renew(renewed);
            }
            lastFailure = null;
        } catch (IOException | RuntimeException e) { // whatever it is, those read before go on
            String failure = String.valueOf(e.getMessage());
            if (!failure.equals(lastFailure)) { // said once
                lastFailure = failure;
                LOG.warn("{}: the changed certificates are not used, those from before are: {}", owner, failure);
            }
        }
        X509Certificate own = tls.options().own();
        if (own != null) {
            Instant end = own.getNotAfter().toInstant();
            if (Instant.now().plus(WARN_BEFORE_EXPIRY).isAfter(end) && gate.opens("expiry", System.nanoTime())) {
                LOG.warn("{}: this node's certificate expires at {}: renew it, the files are read again", owner, end);
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("{}: the files of certificates are still being read", owner);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
