/** Kills the leader of three kv-servers again and again under load, and counts what was lost or doubled: nothing. */
@NullMarked
package dev.handover.examples.demo;

import org.jspecify.annotations.NullMarked;
