package dev.handover.examples.plain;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Runs a ZooKeeper, and three instances of the service as processes of their own; one that dies is started again. */
public final class Tickets {
    private Tickets() {}

    /** Argument: where all their files are. */
    public static void main(String[] arguments) throws Exception {
        String directory = arguments.length == 1 ? arguments[0] : "tickets";
        ExecutorService keepers = Executors.newCachedThreadPool();
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(Path.of(directory, "zookeeper"))
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            ExecutorCompletionService<Void> kept = new ExecutorCompletionService<>(keepers);
            for (String name : List.of("a", "b", "c")) {
                kept.submit(keep(name, zooKeeper.connectString(), directory));
            }
            kept.take().get(); // ends only if one cannot be started
        } finally {
            keepers.shutdownNow();
        }
    }

    private static Callable<Void> keep(String name, String zooKeeper, String directory) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = System.getProperty("java.class.path");
        ProcessBuilder instance = new ProcessBuilder(
                        java, "-Xmx128m", "-cp", classes, Instance.class.getName(), name, zooKeeper, directory)
                .inheritIO();
        return () -> {
            while (true) {
                Process process = instance.start();
                Thread end = new Thread(process::destroyForcibly);
                Runtime.getRuntime().addShutdownHook(end); // with Ctrl-C here all of it ends
                System.out.println(name + " is process " + process.pid());
                int code = process.waitFor();
                Runtime.getRuntime().removeShutdownHook(end);
                System.out.println(name + " has died (" + code + ") and is started again in a second");
                TimeUnit.SECONDS.sleep(1);
            }
        };
    }
}
