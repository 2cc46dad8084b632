package dev.handover.examples.orders;

import java.util.Arrays;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.scheduling.annotation.EnableScheduling;

/** One instance; or, with the first argument {@code surroundings}, what the instances need: ZooKeeper and the warehouse. */
@SpringBootApplication
@EnableScheduling
public class OrdersApplication {
    /** See {@code run} beside this module's pom. */
    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("surroundings")) {
            Surroundings.main(Arrays.copyOfRange(args, 1, args.length));
        } else {
            SpringApplication.run(OrdersApplication.class, args);
        }
    }
}
