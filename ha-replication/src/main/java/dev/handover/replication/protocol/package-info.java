/**
 * The pure core of the replicated log: {@link dev.handover.replication.protocol.ReplicaProtocol} takes events and gives effects. No thread,
 * clock, socket, file, logger or source of randomness in here; the same object runs in production and in the simulator.
 */
@NullMarked
package dev.handover.replication.protocol;

import org.jspecify.annotations.NullMarked;
