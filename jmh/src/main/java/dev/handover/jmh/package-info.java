/**
 * Micro-benchmarks of the hot path, by JMH. They measure single parts on one machine and say nothing about a cluster; they exist to compare one
 * change with the state before it.
 */
@NullMarked
package dev.handover.jmh;

import org.jspecify.annotations.NullMarked;
