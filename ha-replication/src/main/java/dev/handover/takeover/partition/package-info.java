/** Work spread over instances: many partitions, each with one leader, balanced with as few moves as it takes. */
@NullMarked
package dev.handover.takeover.partition;

import org.jspecify.annotations.NullMarked;
