/** Checks the histories of clients, of the simulator as of real clusters, for linearizability. */
@NullMarked
package dev.handover.replication.history;

import org.jspecify.annotations.NullMarked;
