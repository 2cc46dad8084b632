/**
 * All interleavings of a small world around the real core, up to a bound. {@link dev.handover.replication.explorer.Explorer} is the search, {@link
 * dev.handover.replication.explorer.World} says what can happen; {@code docs/simulator.md} tells how to use it.
 */
package dev.handover.replication.explorer;
