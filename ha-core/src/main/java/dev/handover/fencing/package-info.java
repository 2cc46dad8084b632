/** The half of an election that a resource has to do: remember the highest epoch and refuse lower ones. */
@NullMarked
package dev.handover.fencing;

import org.jspecify.annotations.NullMarked;
