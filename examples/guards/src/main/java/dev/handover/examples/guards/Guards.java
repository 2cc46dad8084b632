package dev.handover.examples.guards;

import dev.handover.guard.EndpointStatus;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts three instances and a shop that calls them, and tells what its clients notice while one is stopped, goes on, and another is killed. */
public final class Guards {
    private Guards() {}

    /** Without arguments: the tour, then as long as one likes. */
    public static void main(String[] arguments) throws Exception {
        List<Child> children = new ArrayList<>();
        try {
            for (String name : List.of("a", "b", "c")) {
                children.add(new Child(name));
                System.out.println("instance " + name + ": process "
                        + children.get(children.size() - 1).pid());
            }
            try (Shop shop = new Shop(children.stream().map(Child::address).toList(), 4)) {
                tour(shop, children, System.out);
                System.out.println("Now kill -STOP, -CONT or -KILL one yourself; Ctrl-C ends it.");
                while (true) {
                    TimeUnit.SECONDS.sleep(1);
                    System.out.println(shop.noticed() + "; " + shown(shop));
                }
            }
        } finally {
            children.forEach(Child::close);
        }
    }

    /** Some seconds; see the README. */
    static void tour(Shop shop, List<Child> children, PrintStream out) throws Exception {
        while (shop.calls() < 200) {
            TimeUnit.MILLISECONDS.sleep(20); // the processes are warm, and latencies known
        }
        shop.noticed();
        TimeUnit.SECONDS.sleep(2);
        out.println("all well:            " + shop.noticed());
        children.get(1).signal("STOP");
        awaitEjected(shop, 1, true);
        out.println("b hangs:             " + shop.noticed() + ", until it was left out");
        TimeUnit.SECONDS.sleep(2);
        out.println("b is left out:       " + shop.noticed());
        children.get(1).signal("CONT");
        awaitEjected(shop, 1, false);
        out.println("b was probed, back:  " + shop.noticed());
        children.get(2).kill();
        awaitEjected(shop, 2, true);
        out.println("c was killed:        " + shop.noticed() + ", until it was left out");
        TimeUnit.SECONDS.sleep(2);
        out.println("c is left out:       " + shop.noticed());
    }

    private static void awaitEjected(Shop shop, int endpoint, boolean ejected) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (shop.stock().endpoints().get(endpoint).ejected() != ejected) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("after 30 s still: " + shop.stock());
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static String shown(Shop shop) {
        return String.join(
                ", ",
                shop.stock().endpoints().stream()
                        .map(endpoint -> endpoint.name() + (endpoint.ejected() ? " left out" : " " + latency(endpoint)))
                        .toList());
    }

    private static String latency(EndpointStatus endpoint) {
        return endpoint.latency().toMillis() + " ms";
    }
}
