/** The smallest service that survives the death of any of its instances, without a framework. */
@NullMarked
package dev.handover.examples.plain;

import org.jspecify.annotations.NullMarked;
