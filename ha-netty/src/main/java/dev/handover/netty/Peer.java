package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Hello;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Another node, and the one connection with it. After a loss both sides dial, so two handshakes may cross. The node with the smaller id decides, always and
 * alone: it takes the first connection on which both have accepted each other and says READY there. It holds a second one back for a moment: the other side
 * closes that itself when it hears READY on the first, unless the first is dead and only this side does not know it yet. Lives on the event loop.
 */
final class Peer {
    private static final long MAX_HOLD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Hub hub;
    private final NodeId id;
    private final Dial dial;
    private @Nullable Connection current;
    private long standsSinceNanos;
    private @Nullable Connection held;
    private @Nullable ScheduledFuture<?> holdTimer;

    Peer(Hub hub, NodeId id) {
        this.hub = hub;
        this.id = id;
        dial = new Dial(hub, this);
    }

    NodeId id() {
        return id;
    }

    Dial dial() {
        return dial;
    }

    boolean hasConnection() {
        return current != null || held != null;
    }

    /** Dials if there is no connection. */
    void dialIfAlone() {
        if (current == null) {
            dial.begin();
        }
    }

    /** On the deciding side: both have accepted each other on this connection. */
    void offer(Connection connection) {
        Connection standing = current;
        if (standing == null) {
            choose(connection);
            return;
        }
        long age = System.nanoTime() - standsSinceNanos;
        long hold = Math.min(MAX_HOLD_NANOS, hub.options().handshakeTimeout().toNanos() / 2);
        if (!sameProcess(standing, connection) || age >= hold) {
            choose(connection);
            return;
        }
        if (held != null) {
            held.close("the other side has dialled again");
        }
        connection.hold();
        held = connection;
        holdTimer = hub.loop().schedule(() -> holdIsOver(connection), hold - age, TimeUnit.NANOSECONDS);
    }

    private void holdIsOver(Connection connection) {
        if (held == connection) {
            choose(connection);
        }
    }

    private void choose(Connection connection) {
        connection.choose();
        establish(connection);
    }

    /** On either side: this is the connection now. */
    void establish(Connection connection) {
        forgetHeld(connection);
        Connection old = current;
        current = connection;
        if (old != null) {
            if (sameProcess(old, connection)) {
                old.close("replaced: the other side has lost it and dialled again");
            } else {
                old.refuse("another process with the id " + id + " has connected from "
                        + connection.channel().remoteAddress());
            }
        }
        standsSinceNanos = System.nanoTime();
        dial.stop(connection);
        dial.succeeded();
        connection.stand();
        hub.established(id, connection);
    }

    /** The connection with this peer is over. */
    void lost(Connection connection, String reason, boolean rejected) {
        long lived = System.nanoTime() - standsSinceNanos;
        boolean wasCurrent = current == connection;
        current = wasCurrent ? null : current;
        hub.lost(id, connection, reason);
        if (!wasCurrent || hub.isClosing()) {
            return;
        }
        Connection next = held;
        if (next != null) {
            choose(next);
        } else {
            dial.beginAfterLoss(lived, rejected);
        }
    }

    /** A connection of this peer, held or not, has ended before it stood. */
    void endedEarly(Connection connection) {
        if (held == connection) {
            forgetHeld(null);
        }
    }

    /** It shall not be connected any more. */
    void dismiss(String reason) {
        dial.target(null);
        Connection waiting = held;
        if (waiting != null) {
            waiting.refuse(reason);
        }
        Connection standing = current;
        if (standing != null) {
            standing.refuse(reason);
        }
    }

    private void forgetHeld(@Nullable Connection except) {
        Connection waiting = held;
        held = null;
        if (holdTimer != null) {
            holdTimer.cancel(false);
            holdTimer = null;
        }
        if (except != null && waiting != null && waiting != except) {
            waiting.close("another connection was chosen");
        }
    }

    private static boolean sameProcess(Connection a, Connection b) {
        Hello first = a.hello();
        Hello second = b.hello();
        return first != null && second != null && first.incarnation().equals(second.incarnation());
    }
}
