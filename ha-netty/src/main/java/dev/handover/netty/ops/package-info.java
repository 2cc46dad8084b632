/**
 * What stands before a node: the operations port ({@link dev.handover.netty.ops.OpsServer}), and a forwarder that gives clients one address and follows the leader
 * ({@link dev.handover.netty.ops.LeaderProxy}).
 */
@NullMarked
package dev.handover.netty.ops;

import org.jspecify.annotations.NullMarked;
