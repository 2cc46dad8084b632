package dev.handover.replication;

import org.jspecify.annotations.Nullable;

/** Hears once how a command ended, without a future for each; see {@link ReplicatedLog#submit(java.nio.ByteBuffer, CommandCallback)}. */
@FunctionalInterface
public interface CommandCallback {
    /**
     * The command has ended. On the node's applier thread as a rule, between two commands: short, and never waiting for this node. What it throws is logged, and changes nothing else.
     *
     * @param result what the state machine answered; null if there is a failure
     * @param failure what a future of {@link ReplicatedLog#submit(byte[])} would have failed with; null if it did not
     */
    void ended(byte @Nullable [] result, @Nullable Throwable failure);
}
