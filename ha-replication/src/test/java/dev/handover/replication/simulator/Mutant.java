package dev.handover.replication.simulator;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** A mutated copy of the core, compiled, with the simulator loaded over it. */
public final class Mutant {
    static final Path SOURCES = Path.of("src", "main", "java", "dev", "handover", "replication", "protocol");

    private Mutant() {}

    /** One line that says what found it; empty if nothing did. */
    static String hunt(Mutation mutation, long seeds, long steps) throws IOException, ReflectiveOperationException {
        return hunt(mutation, "dev.handover.replication.simulator.MutantHunt", seeds, steps);
    }

    /**
     * One line that says what found it; empty if nothing did.
     *
     * @param hunter class with a public static method {@code hunt(long, long)} that looks at the core it was loaded with
     */
    public static String hunt(Mutation mutation, String hunter, long first, long second)
            throws IOException, ReflectiveOperationException {
        Path classes = compile(mutation);
        try (URLClassLoader loader = new SimulatorFirst(classes)) {
            String direct = mutation.name().startsWith("r16-lease")
                    ? failing(loader.loadClass("dev.handover.replication.protocol.LeaseProtocolTest"))
                    : mutation.name().startsWith("r7-policy")
                            ? failing(loader.loadClass("dev.handover.replication.simulator.InSyncStressTest"))
                            : mutation.name().startsWith("r15-")
                                            || mutation.name().startsWith("r23-")
                                    ? failing(loader.loadClass(
                                            "dev.handover.replication.simulator.PreferredLeaderStressTest"))
                                    : "";
            if (!direct.isEmpty()) {
                return direct;
            }
            return (String) loader.loadClass(hunter)
                    .getMethod("hunt", long.class, long.class)
                    .invoke(null, first, second);
        }
    }

    /** The first method of a test class that does not pass on the mutant; empty if all pass. For rules that worlds with random faults try too rarely. */
    private static String failing(Class<?> tests) throws ReflectiveOperationException {
        var constructor = tests.getDeclaredConstructor();
        constructor.setAccessible(true);
        for (Method method : tests.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Test.class)) {
                method.setAccessible(true);
                try {
                    method.invoke(constructor.newInstance());
                } catch (InvocationTargetException e) {
                    return tests.getSimpleName() + "." + method.getName();
                }
            }
        }
        return "";
    }

    private static Path compile(Mutation mutation) throws IOException {
        Path home = Path.of("target", "mutants", mutation.name());
        Path sources = Files.createDirectories(home.resolve("src"));
        Path classes = Files.createDirectories(home.resolve("classes"));
        List<Path> files = new ArrayList<>();
        try (Stream<Path> originals = Files.list(SOURCES)) {
            for (Path original : originals.sorted().toList()) {
                String name = original.getFileName().toString();
                String text = Files.readString(original);
                Path copy = sources.resolve(name);
                Files.writeString(copy, name.equals(mutation.file()) ? mutation.applyTo(text) : text);
                files.add(copy);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IllegalStateException("no Java compiler: run the profile mutation with a JDK");
        }
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(
                            messages,
                            manager,
                            null,
                            List.of(
                                    "-d",
                                    classes.toString(),
                                    "-proc:none",
                                    "-nowarn",
                                    "-cp",
                                    System.getProperty("java.class.path")),
                            null,
                            manager.getJavaFileObjectsFromPaths(files))
                    .call();
            if (!compiled) {
                throw new IllegalStateException("mutation " + mutation.name() + " does not compile: " + messages);
            }
        }
        return classes;
    }

    /** Loads the mutant, and everything of this module over it, itself. */
    private static final class SimulatorFirst extends URLClassLoader {
        static {
            registerAsParallelCapable();
        }

        SimulatorFirst(Path mutant) throws IOException {
            super(urls(mutant), Mutant.class.getClassLoader());
        }

        private static URL[] urls(Path mutant) throws IOException {
            List<URL> urls = new ArrayList<>();
            urls.add(mutant.toUri().toURL());
            for (String element : System.getProperty("java.class.path").split(File.pathSeparator)) {
                urls.add(Path.of(element).toUri().toURL());
            }
            return urls.toArray(URL[]::new);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("dev.handover.replication.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : findClass(name);
            }
        }
    }
}
