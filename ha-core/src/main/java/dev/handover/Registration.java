package dev.handover;

/** A listener's registration. Closing it ends the calls (one that is under way may finish); closing twice is fine. */
@FunctionalInterface
public interface Registration extends AutoCloseable {
    @Override
    void close();
}
