/** Whole clusters against each other on the same durable work: one parent, three replica processes and a client process per system, in turn. */
@NullMarked
package dev.handover.jmh.cluster;

import org.jspecify.annotations.NullMarked;
