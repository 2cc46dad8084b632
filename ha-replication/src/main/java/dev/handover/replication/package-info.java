/**
 * What applications use: {@link dev.handover.replication.HaNode}, {@link dev.handover.replication.ReplicatedLog} and
 * {@link dev.handover.replication.StateMachine}.
 */
@NullMarked
package dev.handover.replication;

import org.jspecify.annotations.NullMarked;
