package dev.handover.examples.admin;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.List;

/** {@code java -jar ha-admin.jar}: see {@link Help}. */
public final class AdminMain {
    private AdminMain() {}

    /** Runs one command and ends with its exit code. */
    public static void main(String[] arguments) {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        System.exit(new Admin(in, System.out, System.err).run(List.of(arguments)));
    }
}
