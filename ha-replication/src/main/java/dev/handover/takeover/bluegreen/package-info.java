/**
 * Two versions of a service and one switch between them: which colour is live is one record that compare-and-set protects, and the leadership of the service's groups follows it. See
 * {@code docs/blue-green.md}.
 */
@NullMarked
package dev.handover.takeover.bluegreen;

import org.jspecify.annotations.NullMarked;
