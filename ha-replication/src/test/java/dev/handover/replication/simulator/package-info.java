/**
 * Whole groups of replicas with the real core in a simulated world: network, configuration store, disks, clocks, crashes and clients, all from one
 * seed. {@link dev.handover.replication.simulator.Simulation} is the schedule; {@code docs/simulator.md} tells how to use it.
 */
package dev.handover.replication.simulator;
