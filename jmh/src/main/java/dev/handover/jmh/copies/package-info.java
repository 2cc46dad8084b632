/** How many replicas held what a benchmark had acknowledged. */
@NullMarked
package dev.handover.jmh.copies;

import org.jspecify.annotations.NullMarked;
