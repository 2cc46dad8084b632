package dev.handover.examples.demo;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Runs another main class and ends its process as soon as standard input ends: that is the pipe from the demo, which the kernel closes
 * whichever way the demo dies. So no server is left behind, not even by {@code kill -9} of the demo.
 */
final class Tether {
    private Tether() {}

    /** The first argument is the main class, the others are for it. */
    public static void main(String[] args) throws ReflectiveOperationException {
        Thread watch = new Thread(Tether::haltAtEndOfInput, "tether");
        watch.setDaemon(true);
        watch.start();
        try {
            Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(args[0] + " has failed", e.getCause());
        }
    }

    private static void haltAtEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                Thread.onSpinWait(); // nobody writes; whatever comes is skipped
            }
        } catch (IOException e) {
            System.err.println("standard input broke: " + e);
        }
        Runtime.getRuntime().halt(143);
    }
}
