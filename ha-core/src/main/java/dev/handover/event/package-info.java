/** What an operator must know is an event first; logs, metrics and timelines listen. */
@NullMarked
package dev.handover.event;

import org.jspecify.annotations.NullMarked;
