package dev.handover.replication.transport;

import dev.handover.NodeId;
import org.jspecify.annotations.Nullable;

/** What a {@link Transport} tells its node. Called on the transport's threads: must not block. For one peer, calls come one at a time. */
public interface TransportListener {
    /** This node's greeting as it is now. */
    Hello hello();

    /** Looks at a peer's greeting: null to accept, else the reason to refuse it with. */
    @Nullable
    String refusalOf(Hello peer);

    /** The connection to the peer stands; messages can be sent. */
    void connected(Hello peer);

    /** The connection is gone; messages on their way may be lost. Follows every {@link #connected}. */
    void disconnected(NodeId peer, String reason);

    /** The peer's host answered a dial with "nobody listens here". */
    void refused(NodeId peer);

    /** One of the two sides refused the other's greeting; it is tried again, slowly. */
    void rejected(NodeId peer, String reason);

    /**
     * A part of a message came and its rest is still to come: the peer lives, though nothing that it says can be heard before. Told now and then, and of one message for a bounded time only, so that
     * a line on which next to nothing comes does not pass for a living one.
     */
    default void receiving(NodeId peer) {}

    /** A message came. Its sender's node is the connection's. */
    void received(Envelope envelope);

    /** Everything that was there to be read has been told with {@link #received}. Comes after every message, at the latest when the transport has nothing else to do. */
    void receivedAll();
}
