/** A caller that does not notice the death of one of three instances. */
@NullMarked
package dev.handover.examples.guards;

import org.jspecify.annotations.NullMarked;
