/** A service whose load is spread over all its instances. */
@NullMarked
package dev.handover.examples.sharded;

import org.jspecify.annotations.NullMarked;
