/** Port to the network between nodes. */
@NullMarked
package dev.handover.replication.transport;

import org.jspecify.annotations.NullMarked;
