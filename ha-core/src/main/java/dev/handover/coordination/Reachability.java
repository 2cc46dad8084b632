package dev.handover.coordination;

/**
 * Whether the configuration store answers this process.
 *
 * @param reachable false while there is no connection; it says nothing about anybody else
 * @param detail for people: which servers, and what has happened
 */
public record Reachability(boolean reachable, String detail) {}
