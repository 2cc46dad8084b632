/** ZooKeeper behind the ports of {@code dev.handover.coordination}, and a ZooKeeper server inside the application. */
@NullMarked
package dev.handover.election.zookeeper;

import org.jspecify.annotations.NullMarked;
