package dev.handover.examples.orders;

/**
 * An order.
 *
 * @param id given by the order book, counting from 1
 * @param shipped whether the warehouse has it
 */
record Order(long id, String item, int quantity, boolean shipped) {
    Order ship() {
        return new Order(id, item, quantity, true);
    }
}
