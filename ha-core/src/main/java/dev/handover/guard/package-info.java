/** Guards around calls to others: layers of Resilience4j in an order that is fixed, an adaptive limit, budgets, and groups of endpoints. */
@NullMarked
package dev.handover.guard;

import org.jspecify.annotations.NullMarked;
