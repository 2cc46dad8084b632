/** The replication protocol over TCP, with Netty. Users need {@link dev.handover.netty.NettyTransport} and nothing else. */
@NullMarked
package dev.handover.netty;

import org.jspecify.annotations.NullMarked;
