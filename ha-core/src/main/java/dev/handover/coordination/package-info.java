/** Ports to the place where consensus happens: the configuration store, and who is there. */
@NullMarked
package dev.handover.coordination;

import org.jspecify.annotations.NullMarked;
