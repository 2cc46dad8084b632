/** Meters of a node for Micrometer. Needs {@code io.micrometer:micrometer-core}, which is an optional dependency. */
@NullMarked
package dev.handover.metrics;

import org.jspecify.annotations.NullMarked;
