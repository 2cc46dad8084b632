/** Two versions of a small HTTP service, and the drill that switches between them under load. */
@NullMarked
package dev.handover.examples.bluegreen;

import org.jspecify.annotations.NullMarked;
