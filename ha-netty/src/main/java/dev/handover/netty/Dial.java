package dev.handover.netty;

import io.netty.channel.ChannelFuture;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Dials one peer until told to stop, one attempt at a time. Lives on the event loop. */
final class Dial {
    /** A connection that ends sooner was no success. */
    private static final long SHORT_LIFE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** So many short lives in a row are forgiven: the next dial still comes at once. */
    private static final int SHORT_LIVES_FORGIVEN = 3;

    /** A dying process's port may still take a dial and drop it a moment later; then it is dialled again without a pause, so many times for each loss. */
    private static final int HASTY_DIALS = 3;

    private static final int MAX_DOUBLINGS = 16;
    /**
     * Who was there and now refuses is a process that has died, and dials us itself when it is back: the next dial waits this part of the longest pause. The
     * first milliseconds are those of a take-over, and a dial takes processor time on the thread that carries it.
     */
    private static final int DEAD_PART_OF_LONGEST = 4;

    private final Hub hub;
    private final Peer peer;
    private @Nullable InetSocketAddress target;
    /** What the target's name stood for when it was last reached. */
    private @Nullable InetSocketAddress lastReached;

    private @Nullable ScheduledFuture<?> pause;
    private @Nullable ChannelFuture connecting;
    private @Nullable Connection connection;
    /** Grows when an attempt is abandoned, so that its outcome concerns nobody. */
    private int attempt;

    private int failures;
    /** Nothing was heard there since a connection was lost. */
    private boolean lost;

    private int hastyDials;
    private int shortLives;

    Dial(Hub hub, Peer peer) {
        this.hub = hub;
        this.peer = peer;
    }

    /** Where the peer is from now on; null: do not dial it. */
    void target(@Nullable InetSocketAddress newTarget) {
        if (Objects.equals(target, newTarget)) {
            return;
        }
        stop(null);
        target = newTarget;
        lastReached = null;
        failures = 0;
        lost = false;
    }

    /** Where the peer is said to be; null: nowhere. */
    @Nullable
    InetSocketAddress target() {
        return target;
    }

    /** Dials at once, unless an attempt is under way or the next one has its time. */
    void begin() {
        if (pause == null && connecting == null && connection == null) {
            dial(lastReached);
        }
    }

    /** The peer's connection was lost after so long. Dials at once, so that a dead process is known for dead. */
    void beginAfterLoss(long livedNanos, boolean rejected) {
        hastyDials = HASTY_DIALS;
        lost = true;
        shortLives = livedNanos < SHORT_LIFE_NANOS ? shortLives + 1 : 0;
        if (rejected) {
            pauseFor(hub.options().rejectedRedial());
        } else if (shortLives > SHORT_LIVES_FORGIVEN) {
            pauseAfter(shortLives - SHORT_LIVES_FORGIVEN);
        } else {
            begin();
        }
    }

    /** Abandons what is under way, but not this connection: the peer has one, or none is wanted. */
    void stop(@Nullable Connection except) {
        attempt++;
        if (pause != null) {
            pause.cancel(false);
            pause = null;
        }
        ChannelFuture dialling = connecting;
        connecting = null;
        Connection open = connection;
        connection = null;
        if (open != null && open != except) {
            open.close("not needed any more");
        } else if (open == null && dialling != null) {
            dialling.channel().close();
        }
    }

    /** The peer's connection stands: the next failure is the first one again. */
    void succeeded() {
        failures = 0;
        lost = false;
    }

    /** The attempt has reached somebody; the handshake begins. */
    void active(Connection reached) {
        connecting = null;
        connection = reached;
        if (reached.channel().remoteAddress() instanceof InetSocketAddress address) {
            lastReached = address;
        }
    }

    /** The attempt has reached its own socket: nobody else is there. */
    void metItself() {
        connecting = null;
        refused();
    }

    /** The connection that was dialled has ended before it stood. */
    void ended(Connection ended, boolean rejected) {
        if (connection == ended) {
            connection = null;
            if (rejected) {
                pauseFor(hub.options().rejectedRedial());
            } else if (hastyDials > 0 && ended.hello() == null) {
                hastyDials--;
                dial(lastReached);
            } else {
                failed();
            }
        }
    }

    private void dial(@Nullable InetSocketAddress known) {
        InetSocketAddress to = target;
        if (to == null || hub.isClosing()) {
            return;
        }
        if (!to.isUnresolved()) {
            connect(to);
        } else if (known != null) { // a lost connection does not wait for a name server
            connect(known);
        } else {
            int mine = ++attempt;
            pause = hub.loop()
                    .schedule(
                            () -> unresolved(mine),
                            hub.options().handshakeTimeout().toNanos(),
                            TimeUnit.NANOSECONDS);
            hub.resolve(to, resolved -> {
                if (attempt == mine) {
                    cancelPause();
                    if (resolved.isUnresolved()) {
                        unresolved(mine);
                    } else {
                        connect(resolved);
                    }
                }
            });
        }
    }

    private void unresolved(int mine) {
        if (attempt == mine) {
            attempt++;
            pause = null;
            hub.dialFailed(peer.id(), "the name of " + target + " cannot be resolved");
            failed();
        }
    }

    private void connect(InetSocketAddress to) {
        int mine = ++attempt;
        ChannelFuture dialling = hub.connect(to, peer);
        connecting = dialling;
        dialling.addListener(done -> {
            if (attempt != mine || done.isSuccess()) {
                return;
            }
            connecting = null;
            if (hub.backend().isRefusal(done.cause())) {
                refused();
            } else {
                hub.dialFailed(peer.id(), String.valueOf(done.cause()));
                failed();
            }
        });
    }

    private void refused() {
        hub.refused(peer.id());
        if (lost) {
            lost = false;
            Duration dead = hub.options().maxRedial().dividedBy(DEAD_PART_OF_LONGEST);
            while (failures < MAX_DOUBLINGS && lengthOfPause(failures + 1).compareTo(dead) < 0) {
                failures++;
            }
        }
        failed();
    }

    private void failed() {
        failures++;
        pauseAfter(failures);
    }

    private void pauseAfter(int failuresInARow) {
        pauseFor(lengthOfPause(failuresInARow));
    }

    private Duration lengthOfPause(int failuresInARow) {
        Duration first = hub.options().firstRedial();
        Duration max = hub.options().maxRedial();
        int doublings = Math.min(failuresInARow - 1, MAX_DOUBLINGS);
        return Duration.ofNanos(Math.min(max.toNanos(), first.toNanos() << doublings));
    }

    private void pauseFor(Duration about) {
        cancelPause();
        if (target == null || hub.isClosing()) {
            return;
        }
        long nanos = (long) (about.toNanos() * ThreadLocalRandom.current().nextDouble(0.75, 1.25));
        pause = hub.loop()
                .schedule(
                        () -> {
                            pause = null;
                            dial(null);
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private void cancelPause() {
        if (pause != null) {
            pause.cancel(false);
            pause = null;
        }
    }
}
