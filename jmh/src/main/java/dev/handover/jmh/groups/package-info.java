/** Many groups on the same three nodes. */
@NullMarked
package dev.handover.jmh.groups;

import org.jspecify.annotations.NullMarked;
